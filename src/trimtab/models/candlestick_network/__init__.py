"""The candlestick network: fifteen named patterns told from the shape of twenty bars.

A small one-dimensional convolution reads a window of 20 bars x open, high, low, close, volume, free of
any unit, and says fifteen probabilities. It is taught by the rules of `trimtab.features.candlesticks`.

    patterns      what the rules say: the labels
    windows       bars stacked once, windows cut when they are needed
    split         which windows train, which choose thresholds, which the model never sees
    network       the convolution, and what a trained one is
    training      from windows to a trained network
    linear        the baseline: a logistic regression per pattern on the same numbers
    scores        precision, recall, F1, average precision, with weights for the bootstrap
    evaluation    how well a model does, pattern by pattern
    stored        a model as files that are proven before they are read

It is no `Forecaster`: it says what a chart looks like now, nothing about returns to come. What forecasts
lives beside this package, in `trimtab.models`.
"""
