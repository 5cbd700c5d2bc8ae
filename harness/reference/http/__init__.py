"""The REST side: routing, replies, and the points where faults and variants take hold."""
