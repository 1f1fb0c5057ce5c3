/** What was given up: read, edited, dropped, owed again, and copied to a topic. */
@NullMarked
package dev.jubilee.server.bus.delivery.deadletters;

import org.jspecify.annotations.NullMarked;
