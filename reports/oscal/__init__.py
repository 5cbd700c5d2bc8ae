"""A document in the words of OSCAL: catalogue of Article 15, assessment plan, assessment results."""
