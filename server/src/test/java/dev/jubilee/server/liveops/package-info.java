@NullMarked
package dev.jubilee.server.liveops;

import org.jspecify.annotations.NullMarked;
