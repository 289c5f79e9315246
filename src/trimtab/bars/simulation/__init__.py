"""How the simulated market is made: what is planted, prices with volume, bad bars with their truth.

Add here what the market should contain next (a planted effect, a kind of defect). The source that
delivers the bars is `trimtab.bars.sources.simulated`; judging bars belongs to the checks.
"""
