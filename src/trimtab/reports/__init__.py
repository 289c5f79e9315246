"""The report of a model version: everything known about it, as one HTML file that a person reads in two minutes.

What is shown comes in as `evidence`; `page` puts it together from `sections`, which are made of `blocks`,
`charts` and `markup`. The file needs nothing but itself: style and drawings are inside, and it runs no script.
Add a section here when there is new evidence to show. Nothing is computed here but what a drawing needs (a
scale, a drawdown for the eye): numbers belong to `trimtab.metrics`, `validation` and `backtest`, gathering
them to `pipeline.model_report`.
"""
