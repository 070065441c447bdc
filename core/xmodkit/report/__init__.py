"""Reports of judged runs: numbers as JSON, and one self-contained HTML file with the pictures."""

from xmodkit.report.build import Report, make_report

__all__ = ["Report", "make_report"]
