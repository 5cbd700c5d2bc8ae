"""Triton: the tritonserver binary that the nvidia-pytriton wheel carries, with its Python backend, on the CPU."""
