"""Drills: a fault that is declared, caused, held and reverted, while every request is accounted for."""
