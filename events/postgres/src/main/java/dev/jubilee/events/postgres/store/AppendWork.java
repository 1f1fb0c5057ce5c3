package dev.jubilee.events.postgres.store;

import dev.jubilee.events.postgres.BatchWork;
import dev.jubilee.events.store.AppendResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The appends of a batch, each decided as if they came one after the other. When nobody is in
 * anybody's way that is one statement, which is a transaction. What it leaves undecided is decided
 * by what it has found out, and tried again where that says it may succeed.
 *
 * <p>It may be repeated after any of its statements: what was appended is then found by its ids.
 */
final class AppendWork implements BatchWork<Append, AppendResult> {
    private final AppendStatement statement;
    private final StoredIds storedIds;

    AppendWork(String schema) {
        this.statement = new AppendStatement(schema);
        this.storedIds = new StoredIds(schema);
    }

    @Override
    public List<AppendResult> execute(Connection connection, List<Append> appends)
            throws SQLException {
        Batch batch = new Batch(appends);
        while (!batch.isDecided()) {
            List<Chain> chains = batch.nextChains();
            if (!chains.isEmpty()) {
                batch.learn(chains, statement.execute(connection, chains, appends));
            }
            if (!batch.suspects.isEmpty()) {
                batch.judge(storedIds.find(connection, batch.suspects, appends));
            }
        }
        return Arrays.asList(batch.results);
    }

    /** What a stream was when its row was last locked. */
    private record Known(long version, boolean deleted) {}

    /** What has been decided so far. */
    private static final class Batch {
        private final List<Append> appends;
        private final AppendResult[] results;
        private final Map<String, Known> streams = new HashMap<>();

        /** Those that may have been stored by an earlier try, by their place in the batch. */
        private final List<Integer> suspects = new ArrayList<>();

        private List<Integer> open = new ArrayList<>();

        Batch(List<Append> appends) {
            this.appends = appends;
            this.results = new AppendResult[appends.size()];
            for (int i = 0; i < appends.size(); i++) {
                open.add(i);
            }
        }

        boolean isDecided() {
            return open.isEmpty();
        }

        /** Decides what can be, and gathers what is to be tried next, by name of stream. */
        List<Chain> nextChains() {
            Map<String, Chain> chains = new TreeMap<>();
            List<Integer> undecided = new ArrayList<>();
            for (int index : open) {
                Append append = appends.get(index);
                Chain begun = chains.get(append.stream());
                Known known = streams.get(append.stream());
                if (begun != null) {
                    begun.add(index, append); // if not, it waits for what comes of the chain
                    undecided.add(index);
                } else if (known == null
                        || (!known.deleted() && known.version() == append.expectedVersion())) {
                    Chain chain = new Chain(append.stream(), append.expectedVersion());
                    chain.add(index, append);
                    chains.put(append.stream(), chain);
                    undecided.add(index);
                } else if (known.deleted()) {
                    results[index] = new AppendResult.StreamDeleted();
                } else if (append.versionAfter() <= known.version()) {
                    suspects.add(index);
                } else {
                    results[index] = new AppendResult.Conflict(known.version());
                }
            }
            open = undecided;
            return List.copyOf(chains.values());
        }

        void learn(List<Chain> chains, List<AppendStatement.Outcome> outcomes) {
            for (int i = 0; i < chains.size(); i++) {
                Chain chain = chains.get(i);
                switch (outcomes.get(i)) {
                    case AppendStatement.Outcome.Won(long firstPosition) -> {
                        streams.put(chain.stream, new Known(chain.versionAfter(), false));
                        appended(chain, firstPosition);
                    }
                    case AppendStatement.Outcome.Lost(long actualVersion, boolean deleted) ->
                            streams.put(chain.stream, new Known(actualVersion, deleted));
                    case AppendStatement.Outcome.Overtaken ignored -> {}
                }
            }
            open.removeIf(index -> results[index] != null);
        }

        private void appended(Chain chain, long firstPosition) {
            long next = firstPosition;
            for (int index : chain.appends) {
                next += appends.get(index).size();
                results[index] =
                        new AppendResult.Appended(appends.get(index).versionAfter(), next - 1);
            }
        }

        void judge(Map<Integer, Long> duplicates) {
            for (int index : suspects) {
                Append append = appends.get(index);
                Long position = duplicates.get(index);
                Known known = streams.get(append.stream());
                if (position != null) {
                    results[index] = new AppendResult.Duplicate(append.versionAfter(), position);
                } else if (known != null) {
                    results[index] = new AppendResult.Conflict(known.version());
                }
            }
            suspects.clear();
        }
    }
}
