package dev.jubilee.server.conditions;

/** What a {@link Shortcut} has instead of a value. */
enum Mark {
    /** There is no value, as when a field is missing. */
    ERROR,
    /** Only the interpreter knows. */
    UNSURE,
    /** JSON's null. */
    NULL
}
