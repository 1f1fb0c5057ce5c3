package dev.jubilee.server.liveops.progress;

import dev.jubilee.events.EventId;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.rewards.Grants;
import dev.jubilee.server.players.Players;
import java.time.InstantSource;

/** The parts that progress works with. */
public record ProgressParts(
        Database database,
        Occurrences occurrences,
        Players players,
        Grants grants,
        EventId ids,
        InstantSource clock) {}
