"""The office for other systems: JSON reads and acts behind tokens with scopes."""
