"""The protocol on the wire: data types, tensors, strict JSON, and the recording REST client."""
