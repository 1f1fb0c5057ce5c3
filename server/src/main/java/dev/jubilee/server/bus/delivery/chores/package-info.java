/** Work that is repeated on a schedule, whatever the last run threw. */
@NullMarked
package dev.jubilee.server.bus.delivery.chores;

import org.jspecify.annotations.NullMarked;
