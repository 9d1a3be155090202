"""The bytes of a workspace in a bucket; boto3 and obstore are known to this folder alone."""
