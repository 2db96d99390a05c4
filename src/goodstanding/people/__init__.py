"""Users, who log in, and members, who belong. Not every user is a member; not every member has a user."""
