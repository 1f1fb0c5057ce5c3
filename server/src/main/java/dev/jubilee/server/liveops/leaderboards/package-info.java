/** Leaderboards: the ranking of an occurrence, live while it runs and fixed once it is frozen. */
@NullMarked
package dev.jubilee.server.liveops.leaderboards;

import org.jspecify.annotations.NullMarked;
