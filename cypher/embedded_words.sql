-- The embedded graph's search by words, by the names that the queries use: after the rows.

CREATE INDEX intention_text ON Intention (text) FULL_TEXT;
CREATE INDEX product_title ON Product (title) FULL_TEXT;
