"""What is under test: the endpoint's forms of address, its models, and what a check may ask of them."""

from harness.target.models import ModelUnderTest
from harness.target.probe import Probe
from harness.target.target import Target

__all__ = ["ModelUnderTest", "Probe", "Target"]
