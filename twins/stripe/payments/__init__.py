"""Pure rules of payments: test numbers, state machines, money, fees, refunds, disputes. Imports nothing of the kit."""
