// Who asks, and the roles of that user; no roles in the Community edition, where everybody may do everything.
SHOW CURRENT USER YIELD user, roles
RETURN user, roles
