"""Money: token counts, timings and prices in; cost of each arm, break-even and sensitivity out.

May import eval's runs and statistics; the report imports it.
"""
