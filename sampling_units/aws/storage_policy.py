"""How long, and how often, S3 is asked: the same for both clients, boto3 here and obstore in the clustering function.

S3 asks for patience when it answers ``SlowDown``: its clients wait half a minute in all, each wait about twice as long
as the one before. Their own retries end with the head of an answer: an object whose content breaks off is asked for
again by us.
"""

# A connection that is not made, or on which nothing moves, is given up long before the function is.
CONNECT_SECONDS, READ_SECONDS = 5, 30
# For a whole answer, however slowly it arrives.
TOTAL_SECONDS = 150
# Seconds for which S3 is asked again and again.
PATIENCE_SECONDS = 60
# Retries of the client itself, and how often an object is asked for whose content breaks off.
CLIENT_RETRIES, TRIES = 10, 3
