/**
 * Participation: players come into occurrences of live events and leave them. Capacity is never
 * exceeded and nobody is counted twice, from any number of instances.
 */
@NullMarked
package dev.jubilee.server.liveops.participation;

import org.jspecify.annotations.NullMarked;
