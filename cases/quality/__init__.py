"""How good the operator suite is: faults that it has to catch, variants that it must let pass."""
