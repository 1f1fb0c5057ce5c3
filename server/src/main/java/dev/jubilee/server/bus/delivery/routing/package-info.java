/**
 * Matches each event against the subscriptions, and decides where each delivery goes: into the
 * memory of this instance, to a stream, or to wait in PostgreSQL.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.routing;

import org.jspecify.annotations.NullMarked;
