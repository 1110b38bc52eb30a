enum PlaceholderServerSentEvents {}
