/** What conditions may know of a player: level, segment, attributes. */
@NullMarked
package dev.jubilee.server.players;

import org.jspecify.annotations.NullMarked;
