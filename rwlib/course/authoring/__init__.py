"""From a notebook's source to what learners get, and the rules that every notebook keeps."""
