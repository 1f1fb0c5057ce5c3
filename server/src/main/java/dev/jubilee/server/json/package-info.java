/** The one JSON dialect of the HTTP APIs and of the jsonb columns. */
@NullMarked
package dev.jubilee.server.json;

import org.jspecify.annotations.NullMarked;
