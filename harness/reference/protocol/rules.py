"""How strict the server is: the right server is strict everywhere, a fault or variant gives way in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Rules:
    """Each member set to True drops one refusal (or adds one, where its comment says so)."""

    any_count: bool = False
    any_nesting: bool = False
    any_shape: bool = False
    any_datatype: bool = False
    converts_datatype: bool = False
    guesses_negative: bool = False
    guesses_shape: bool = False
    guesses_data: bool = False
    single_value_data: bool = False
    number_ids: bool = False
    null_optionals: bool = False
    unknown_outputs: bool = False
    unnamed_outputs: bool = False
    repeated_outputs: bool = False
    unknown_inputs: bool = False
    repeated_inputs: bool = False
    missing_inputs: bool = False
    no_inputs: bool = False
    inputs_by_position: bool = False
    inputs_object: bool = False
    wrong_outputs_type: bool = False
    unequal_batches: bool = False
    duplicate_keys: bool = False
    constants: bool = False
    # The opposite direction: refuse what the right server takes.
    refuse_extra_members: bool = False
    refuse_parameters: bool = False
    refuse_unknown_parameters: bool = False
    refuse_fractional_parameters: bool = False
    refuse_flat: bool = False
    refuse_nested: bool = False
    require_id: bool = False
    require_outputs: bool = False
