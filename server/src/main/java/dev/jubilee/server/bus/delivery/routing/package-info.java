/**
 * Finds out whom each event is for, and where it goes: into the memory of who delivers it, to a
 * stream, or nowhere yet.
 */
@NullMarked
package dev.jubilee.server.bus.delivery.routing;

import org.jspecify.annotations.NullMarked;
