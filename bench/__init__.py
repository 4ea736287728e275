"""How fast it is: ratios to yardsticks that are measured in the same run (`make bench`)."""
