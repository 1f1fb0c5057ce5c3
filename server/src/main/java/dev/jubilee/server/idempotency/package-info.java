/** Writes that a client may repeat without doing them twice. */
@NullMarked
package dev.jubilee.server.idempotency;

import org.jspecify.annotations.NullMarked;
