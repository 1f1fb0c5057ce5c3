/** Work that is repeated on a schedule, whatever the last run threw. */
@NullMarked
package dev.jubilee.server.scheduling;

import org.jspecify.annotations.NullMarked;
