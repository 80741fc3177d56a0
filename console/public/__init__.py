"""What anybody may see: the air now, the signed forecast, the warnings in force."""
