// What the server's clock says, in milliseconds since 1970.
RETURN datetime.realtime().epochMillis AS milliseconds
