"""What the policy says, table by table; other rooms have a ``declared`` of their own."""
