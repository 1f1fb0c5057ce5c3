/** What comes of events, in numbers: for Prometheus by Micrometer, and for the program itself. */
@NullMarked
package dev.jubilee.events.micrometer;

import org.jspecify.annotations.NullMarked;
