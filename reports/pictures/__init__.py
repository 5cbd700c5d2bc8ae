"""Pictures of a report: pure functions of what the document holds, drawn by matplotlib as SVG of fixed bytes."""
