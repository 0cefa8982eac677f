"""Colours, markers and line styles that everyone can tell apart, for plots in reports and notebooks."""

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette (2008), distinct for colour-blind readers."""

STYLES = ("-", "--", ":", "-.")
MARKERS = "os^Dv*P"
