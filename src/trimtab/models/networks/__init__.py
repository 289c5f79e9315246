"""Neural networks: five small architectures, one trainer, weights as safetensors.

An architecture is one file (`dense`, `lstm`, `cnn`, `tcn`, `transformer`) with its parameters and a function
`build`; what they share is here too: `forecaster` (fit), `fitted` (predict, save, load), `training` (the loop, usable
for any module), `checkpoints` (going on after a kill), `determinism` (the same bytes every time).
Nothing here is imported before a network is asked for: PyTorch is heavy and an extra.
"""
