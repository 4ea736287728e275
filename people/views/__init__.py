"""The pages: the door (sign-in, set-up), one's account, people, teams, the organisation."""
