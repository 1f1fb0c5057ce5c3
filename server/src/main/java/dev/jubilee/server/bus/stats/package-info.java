/** The figures of {@code GET /stats}, over all instances. */
@NullMarked
package dev.jubilee.server.bus.stats;

import org.jspecify.annotations.NullMarked;
