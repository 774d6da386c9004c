"""What is kept of people: apart from the journals, which hold a random key and never a code."""
