"""The pages: sign-in and set-up, the account, people, teams, the organisation."""
