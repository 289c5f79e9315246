"""What is watched: drift of the newest rows, and leaks in labels and folds.

Here measures (`drift`, `validation`) meet stored models and datasets. Formulas belong to the
layers below; acting on what is seen belongs to `lifecycle` and `retraining`.
"""
