"""Information about a library, a path or a query, without a mount.

explain.py                       what a query or a path means and finds; uses the next five modules
path_or_query.py                 whether a text is a path or a query
walk.py                          follows a path name by name
describe_query.py                a query in words
describe_node.py                 a name of a path in words
sql_text.py                      SQL that people can read
which.py                         the track behind a path
status.py                        the state of library, store and mounts, as a value
status_text.py, status_json.py   the same in sentences and as JSON
times.py                         "2 hours ago"
field_counts.py                  how many tracks have which fields and values
pins.py                          adding, removing and listing pins
suggest.py                       "did you mean …?"
"""
