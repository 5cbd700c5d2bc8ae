"""Extensions but binary tensor data: repository, generation, sequences, shared memory and others."""
