package dev.jubilee.server.bus.delivery.clearance;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which topics a subscription's owner may receive at present. Events of others are not owed to it,
 * and those owed before wait until the topic opens to it. Never blocks. Thread-safe.
 */
public final class Clearance {
    private final TopicCatalogue topics;

    public Clearance(TopicCatalogue topics) {
        this.topics = topics;
    }

    /** Whether the subscription may get what is published to the topic. */
    public boolean allows(Subscription subscription, String topic) {
        Principal owner = subscription.owner();
        return owner == null || allows(owner, topic);
    }

    /** Whether the caller may take events of the topic. */
    public boolean allows(Principal who, String topic) {
        return topics.allows(who, topic, TopicAction.SUBSCRIBE);
    }

    /** The topics of which the caller may not take events. */
    public List<String> closedTo(Principal who) {
        return topics.closedTo(who, TopicAction.SUBSCRIBE);
    }

    /**
     * The topics whose events the subscription must not get.
     *
     * @param taker the caller that takes them for it; null when they are brought
     */
    public List<String> closedTo(Subscription subscription, @Nullable Principal taker) {
        List<Principal> who = new ArrayList<>();
        add(subscription.owner(), who);
        add(taker, who);
        Set<String> closed = new TreeSet<>();
        who.forEach(one -> closed.addAll(closedTo(one)));
        return List.copyOf(closed);
    }

    /**
     * Whether nothing that the subscription selects is closed to it; what it was owed before it
     * selected what it does now may be.
     *
     * @param taker who takes it; null when it is brought
     */
    public boolean allowsAllSelected(Subscription subscription, @Nullable Principal taker) {
        List<String> closed = closedTo(subscription, taker);
        return closed.isEmpty()
                || closed.stream().noneMatch(TopicPattern.of(subscription.topicPattern())::matches);
    }

    /** Nothing is closed to an admin. */
    private static void add(@Nullable Principal one, List<Principal> to) {
        if (one != null && one.role() != Role.ADMIN && !to.contains(one)) {
            to.add(one);
        }
    }

    /** Whether a grant may change what the subscription gets. */
    boolean concerns(Subscription subscription) {
        // Whether or not any topic is closed now: the last one may just have been opened.
        Principal owner = subscription.owner();
        return owner != null && owner.role() != Role.ADMIN;
    }
}
