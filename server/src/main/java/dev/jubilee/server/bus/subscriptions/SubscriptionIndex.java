package dev.jubilee.server.bus.subscriptions;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.bus.filters.EventFilter;
import dev.jubilee.server.bus.filters.FilterIndex;
import dev.jubilee.server.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Every subscription that the platform delivers to, as of one version: which of them an event is
 * for. What can match a topic and type is worked out once and remembered, and filters are looked
 * up, so that an event costs what it matches and not what there is. Immutable, thread-safe.
 */
public final class SubscriptionIndex {
    private static final Logger log = LoggerFactory.getLogger(SubscriptionIndex.class);

    /** The most bytes of remembered types: anybody may make up types. */
    private static final long MAX_REMEMBERED = 8L << 20;

    /** What one takes beside its texts, about. */
    private static final int OVERHEAD = 200;

    private static final int REFERENCE = 4;

    /** Nothing, older than anything. */
    static final SubscriptionIndex EMPTY = new SubscriptionIndex(0, List.of());

    private record Compiled(
            Subscription subscription,
            TopicPattern topics,
            List<TopicPattern> types,
            @Nullable EventFilter filter) {
        static Compiled of(Subscription it) {
            return new Compiled(
                    it,
                    TopicPattern.of(it.topicPattern()),
                    it.eventTypes().stream().map(TopicPattern::of).toList(),
                    it.filter() == null ? null : EventFilter.of(Json.tree(it.filter())));
        }

        boolean selects(String topic, String type) {
            return topics.matches(topic)
                    && (types.isEmpty() || types.stream().anyMatch(one -> one.matches(type)));
        }

        EventFilter requiredFilter() {
            if (filter == null) {
                throw new IllegalStateException(subscription.id() + " has no filter");
            }
            return filter;
        }
    }

    private record TopicAndType(String topic, String type) {}

    /** The subscriptions that may want an event of one topic and type. */
    private record Candidates(List<Subscription> all, FilterIndex<Compiled> filtered) {}

    /** What it takes of memory to remember it, about; an index may be others' too. */
    private static long bytes(TopicAndType key, List<Subscription> all, List<Compiled> filtered) {
        return OVERHEAD
                + 2L * (key.topic().length() + key.type().length())
                + (long) REFERENCE * (all.size() + filtered.size());
    }

    private final long version;
    private final List<Compiled> delivered = new ArrayList<>();
    private final Map<UUID, Subscription> byId = new HashMap<>();
    private final Map<TopicAndType, Candidates> remembered = new ConcurrentHashMap<>();
    private final AtomicLong rememberedBytes = new AtomicLong();

    /** Once for each version of the subscriptions: an event may be as odd as all that follow. */
    private final AtomicBoolean complained = new AtomicBoolean();

    private final Map<List<Compiled>, FilterIndex<Compiled>> filters = new ConcurrentHashMap<>();

    SubscriptionIndex(long version, Collection<Subscription> all) {
        this.version = version;
        for (Subscription subscription : all) {
            byId.put(subscription.id(), subscription);
            if (subscription.isDelivered()) {
                delivered.add(Compiled.of(subscription));
            }
        }
    }

    /** One subscription alone. */
    public static SubscriptionIndex of(Subscription only) {
        return new SubscriptionIndex(0, List.of(only));
    }

    /** The events that a subscription wants; {@code filter} as JSON, null for all. */
    public record Selector(
            UUID id, String topicPattern, List<String> eventTypes, @Nullable String filter) {
        /** A subscription that wants these, and is delivered to as one that says nothing else. */
        private Subscription subscription() {
            return new Subscription(
                    id,
                    "selector",
                    topicPattern,
                    eventTypes,
                    DeliveryMethod.SSE,
                    null,
                    filter,
                    null,
                    null,
                    new RetryPolicy(0, Duration.ZERO, null),
                    0,
                    new Subscription.Batching(false, 1, Duration.ZERO),
                    true,
                    Duration.ofSeconds(30),
                    Subscription.Ordering.KEY,
                    StartFrom.NOW,
                    Map.of(),
                    null,
                    new Subscription.State(
                            Subscription.Status.ACTIVE,
                            null,
                            "closed",
                            null,
                            Instant.EPOCH,
                            Instant.EPOCH,
                            Instant.EPOCH,
                            0));
        }
    }

    /** Of subscriptions that are nowhere kept, to match events without a platform. */
    public static SubscriptionIndex of(Collection<Selector> selectors) {
        return new SubscriptionIndex(0, selectors.stream().map(Selector::subscription).toList());
    }

    /** As of which change. */
    public long version() {
        return version;
    }

    /** The subscription, if there is one. */
    public @Nullable Subscription find(UUID id) {
        return byId.get(id);
    }

    /** Every subscription. */
    public Collection<Subscription> all() {
        return byId.values();
    }

    /** Whether anything of the topic is delivered to anybody. */
    public boolean wants(String topic) {
        return delivered.stream().anyMatch(one -> one.topics().matches(topic));
    }

    /** Whether an event of this topic and type may be for anybody. */
    public boolean mayWant(String topic, String type) {
        Candidates candidates = candidates(topic, type);
        return !candidates.all().isEmpty() || !candidates.filtered().isEmpty();
    }

    /**
     * Hands over every subscription that the event is for, each once.
     *
     * @param event as filters see it; asked for only if there is a filter to try
     */
    public void match(
            String topic, String type, Supplier<JsonNode> event, Consumer<Subscription> into) {
        Candidates candidates = candidates(topic, type);
        candidates.all().forEach(into);
        if (!candidates.filtered().isEmpty()) {
            selected(candidates, topic, type, event.get()).forEach(into);
        }
    }

    /**
     * The subscriptions whose filters match. A filter that fails does not match, and keeps the
     * event from no other.
     */
    private List<Subscription> selected(
            Candidates candidates, String topic, String type, JsonNode event) {
        List<Subscription> selected = new ArrayList<>();
        try {
            candidates.filtered().match(event, one -> selected.add(one.subscription()));
            return selected;
        } catch (RuntimeException e) {
            if (complained.compareAndSet(false, true)) {
                log.error("the filters on {} of {} failed, trying each by itself", type, topic, e);
            }
        }
        selected.clear();
        for (Compiled one : delivered) {
            if (one.filter() != null && one.selects(topic, type)) {
                try {
                    indexOf(List.of(one)).match(event, it -> selected.add(it.subscription()));
                } catch (RuntimeException e) {
                    log.debug("the filter of {} failed", one.subscription().id(), e);
                }
            }
        }
        return selected;
    }

    private Candidates candidates(String topic, String type) {
        TopicAndType key = new TopicAndType(topic, type);
        Candidates known = remembered.get(key);
        if (known != null) {
            return known;
        }
        List<Subscription> unfiltered = new ArrayList<>();
        List<Compiled> filtered = new ArrayList<>();
        for (Compiled one : delivered) {
            if (one.selects(topic, type)) {
                if (one.filter() == null) {
                    unfiltered.add(one.subscription());
                } else {
                    filtered.add(one);
                }
            }
        }
        Candidates made = new Candidates(List.copyOf(unfiltered), indexOf(filtered));
        long bytes = bytes(key, unfiltered, filtered);
        if (rememberedBytes.addAndGet(bytes) > MAX_REMEMBERED) {
            remembered.clear();
            filters.clear();
            rememberedBytes.set(bytes);
        }
        remembered.put(key, made);
        return made;
    }

    /** The number of topics and types whose subscribers are remembered. */
    int remembered() {
        return remembered.size();
    }

    /** Many types have the same candidates, and share their index. */
    private FilterIndex<Compiled> indexOf(List<Compiled> filtered) {
        return filters.computeIfAbsent(
                List.copyOf(filtered), all -> new FilterIndex<>(all, Compiled::requiredFilter));
    }
}
